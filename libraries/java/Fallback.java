package injector;

/**
 * The agent that lies under a library's name where the library could not be installed: a JVM whose JAVA_TOOL_OPTIONS name
 * a jar that is not there does not start. It does nothing but say so. For Java 8 and newer.
 */
public final class Fallback {
    private static boolean said; // the class is loaded once, also where it stands in for two libraries

    private Fallback() {}

    public static void premain(String options) {
        if (said) return;
        said = true;
        System.err.println("injector: not tracing: the Java agent is not installed, and the log of the init container says why");
    }

    public static void agentmain(String options) {
        premain(options);
    }
}
