using System;
using System.Net.Http;

foreach (string task in args)
{
    string[] words = task.Split('=', 2);
    switch (words[0])
    {
        case "get":
            using (var client = new HttpClient()) Console.Write(await client.GetStringAsync(words[1]));
            break;
        case "sql":
            Sql.Query();
            break;
        case "crash":
            throw new InvalidOperationException("as ordered");
        case "look": // what the application can load by name
            Console.WriteLine(words[1] + ": " + (Type.GetType(words[1]) is null ? "absent" : "there"));
            break;
        default:
            throw new ArgumentException(task);
    }
}
Console.WriteLine("done");
