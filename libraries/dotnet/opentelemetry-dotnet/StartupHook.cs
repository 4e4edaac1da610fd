using System;
using System.Collections.Generic;
using System.IO;
using System.Linq;
using System.Reflection;

/// <summary>
/// What DOTNET_STARTUP_HOOKS names: runs before Main in every .NET process that has the variable. It starts tracing
/// where that can work, says in one line why not where it cannot, and never throws. Our assemblies load beside the
/// application's, not among them: they see the application's, and it does not see them.
/// </summary>
internal static class StartupHook
{
    public static void Initialize()
    {
        string? reason;
        try
        {
            reason = Start();
        }
        catch (Exception e)
        {
            while (e is TargetInvocationException && e.InnerException is not null) e = e.InnerException;
            reason = e.GetType().Name + ": " + e.Message.Split('\n')[0];
        }
        try
        {
            if (reason is not null) Console.Error.WriteLine("opentelemetry-dotnet: not tracing: " + reason);
        }
        catch (Exception)
        {
            // a closed stderr is no reason to stop an application
        }
    }

    // Why nothing was started; null where it was, and where nobody wants it.
    private static string? Start()
    {
        if (IsSet("OTEL_SDK_DISABLED", "true") || IsSet("OTEL_TRACES_EXPORTER", "none")) return null;
        string runtime = Path.GetDirectoryName(typeof(object).Assembly.Location) ?? ""; // …/shared/Microsoft.NETCore.App/8.0.1
        if (IsTool(runtime)) return null;

        string home = Path.GetDirectoryName(typeof(StartupHook).Assembly.Location)!;
        // Then this is the fallback: its folder has no tree for any runtime.
        if (!Directory.EnumerateDirectories(home, "net*").Any()) return "it is not installed, and the log of the init container says why";

        Version version = Environment.Version;
        if (version.Major < 8 || version.Major == 9) return "this is .NET " + version + ", and it is for 8, 10 and newer";
        string tree = Path.Combine(home, version.Major == 8 ? "net8.0" : "net10.0");
        string tracing = Path.Combine(tree, "Injector.Tracing.dll");
        if (!File.Exists(tracing)) return tracing + " is missing";

        string[] platform = (AppContext.GetData("TRUSTED_PLATFORM_ASSEMBLIES") as string ?? "").Split(Path.PathSeparator);
        if (BringsOpenTelemetry(platform)) return "the application brings OpenTelemetry itself";

        // its own, or on .NET 8 the framework's: then the store that has a newer one is not in use
        Version? source = Type.GetType("System.Diagnostics.Activity, System.Diagnostics.DiagnosticSource")?.Assembly.GetName().Version;
        if (source is null || source.Major < 10)
            return "it needs System.Diagnostics.DiagnosticSource 10, and the application runs with " + (source?.Major.ToString() ?? "none");

        bool web = platform.Any(path => Path.GetFileName(path) == "Microsoft.AspNetCore.Http.Abstractions.dll");
        // Microsoft.Extensions.*: a console application need not have them, but ASP.NET Core beside its runtime has
        string extensions = Path.Combine(runtime, "..", "..", "Microsoft.AspNetCore.App", Path.GetFileName(runtime));
        Serve(web ? new[] { tree } : new[] { tree, Path.GetFullPath(extensions) });
        return (string?)Assembly.LoadFile(tracing).GetType("Tracing", true)!.GetMethod("Start")!.Invoke(null, new object[] { web });
    }

    private static bool IsSet(string name, string value) =>
        string.Equals(Environment.GetEnvironmentVariable(name)?.Trim(), value, StringComparison.OrdinalIgnoreCase);

    // dotnet, MSBuild and the compilers: they lie beside shared/, in sdk/.
    private static bool IsTool(string runtime)
    {
        string? root = Path.GetDirectoryName(Path.GetDirectoryName(Path.GetDirectoryName(runtime)));
        string program = Assembly.GetEntryAssembly()?.Location ?? "";
        return root is not null && program.StartsWith(Path.Combine(root, "sdk") + Path.DirectorySeparatorChar, StringComparison.Ordinal);
    }

    private static bool BringsOpenTelemetry(string[] platform)
    {
        if (platform.Any(path => Path.GetFileName(path) == "OpenTelemetry.dll")) return true;
        if (AppDomain.CurrentDomain.GetAssemblies().Any(loaded => loaded.GetName().Name == "OpenTelemetry")) return true;
        if (!string.IsNullOrEmpty(Assembly.GetEntryAssembly()?.Location)) return false;
        try
        {
            return Assembly.Load("OpenTelemetry") is not null; // a single file has its assemblies inside
        }
        catch (IOException)
        {
            return false;
        }
    }

    // Answers for what our own assemblies need and the application does not have; the application gets nothing from us.
    private static void Serve(string[] directories) => AppDomain.CurrentDomain.AssemblyResolve += (_, wanted) =>
    {
        string? requester = wanted.RequestingAssembly?.Location;
        if (string.IsNullOrEmpty(requester) || !directories.Contains(Path.GetDirectoryName(requester))) return null;
        string file = new AssemblyName(wanted.Name).Name + ".dll";
        string? path = directories.Select(directory => Path.Combine(directory, file)).FirstOrDefault(File.Exists);
        return path is null ? null : Assembly.LoadFile(path);
    };
}
