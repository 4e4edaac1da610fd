using System;
using System.Net.Http;

foreach (string task in args)
{
    string[] words = task.Split(new[] { '=' }, 2);
    switch (words[0])
    {
        case "get":
            using (var client = new HttpClient()) Console.Write(await client.GetStringAsync(words[1]));
            break;
#if NET
        case "sql":
            Sql.Query();
            break;
#endif
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

/// <summary>As an application can have one of its own: for DOTNET_STARTUP_HOOKS.</summary>
internal static class StartupHook
{
    public static void Initialize() => Console.WriteLine("hook of its own");
}
