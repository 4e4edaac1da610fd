// Answers GET /hello at PORT (8080). Every other path is a 404 of the server's own.
// GET /relay asks its own /hello by HttpClient: a client span where somebody traces.
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;

var builder = WebApplication.CreateSlimBuilder(args);
builder.Logging.SetMinimumLevel(LogLevel.Warning);
builder.WebHost.UseUrls($"http://*:{Environment.GetEnvironmentVariable("PORT") ?? "8080"}");
var app = builder.Build();
using var client = new HttpClient();
int Port() => new Uri(app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!
    .Addresses.First().Replace("[::]", "127.0.0.1")).Port;

app.MapGet("/hello", () => Results.Text("hello\n"));
app.MapGet("/relay", async () => Results.Text(await client.GetStringAsync($"http://127.0.0.1:{Port()}/hello")));
await app.StartAsync();
Console.WriteLine($"hello: listening at port {Port()}");
await app.WaitForShutdownAsync();
