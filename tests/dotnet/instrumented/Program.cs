using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

using var provider = Sdk.CreateTracerProviderBuilder()
    .ConfigureResource(resource => resource.AddService("its-own"))
    .AddHttpClientInstrumentation()
    .AddOtlpExporter(options => options.Protocol = OtlpExportProtocol.HttpProtobuf)
    .Build();
using var client = new HttpClient();
Console.Write(await client.GetStringAsync(args[0]));
