using System;
using System.Linq;
using System.Reflection;
using OpenTelemetry;
using OpenTelemetry.Exporter;
using OpenTelemetry.Resources;
using OpenTelemetry.Trace;

/// <summary>What StartupHook calls. All of it is configured by the OTEL_* variables, as OpenTelemetry specifies them.</summary>
public static class Tracing
{
    private const int ExitTimeout = 2000; // milliseconds that a process that ends may wait for a collector

    /// <summary>Why nothing was started, or null. web: the application can load ASP.NET Core.</summary>
    public static string? Start(bool web)
    {
        string exporters = Environment.GetEnvironmentVariable("OTEL_TRACES_EXPORTER") ?? "";
        if (exporters.Length > 0 && !exporters.Split(',', StringSplitOptions.TrimEntries).Contains("otlp"))
            return $"OTEL_TRACES_EXPORTER is {exporters}, and it has otlp and none";

        TracerProviderBuilder builder = Sdk.CreateTracerProviderBuilder()
            .ConfigureResource(Describe)
            .AddHttpClientInstrumentation()
            .AddSqlClientInstrumentation()
            .AddOtlpExporter(ChooseProtocol);
        if (web) builder = AddWeb(builder);
        TracerProvider provider = builder.Build();

        // A crash raises no ProcessExit, and its spans are the ones that are looked for.
        AppDomain.CurrentDomain.ProcessExit += (_, _) => provider.Shutdown(ExitTimeout);
        AppDomain.CurrentDomain.UnhandledException += (_, _) => provider.ForceFlush(ExitTimeout);
        return null;
    }

    // A method of its own: where ASP.NET Core is absent, not even its compilation may be tried.
    private static TracerProviderBuilder AddWeb(TracerProviderBuilder builder) => builder.AddAspNetCoreInstrumentation();

    // As OpenTelemetry's own default, but a service without a name has the application's instead of "dotnet".
    private static void Describe(ResourceBuilder resource)
    {
        AssemblyName? application = Assembly.GetEntryAssembly()?.GetName();
        resource.Clear()
            .AddService(application?.Name ?? "unknown_service:dotnet")
            .AddTelemetrySdk()
            .AddEnvironmentVariableDetector();
    }

    // http/protobuf where nothing is said, as the specification has it, and not the SDK's gRPC.
    private static void ChooseProtocol(OtlpExporterOptions options)
    {
        if (!IsSet("OTEL_EXPORTER_OTLP_PROTOCOL") && !IsSet("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL"))
            options.Protocol = OtlpExportProtocol.HttpProtobuf;
    }

    private static bool IsSet(string name) => !string.IsNullOrWhiteSpace(Environment.GetEnvironmentVariable(name));
}
