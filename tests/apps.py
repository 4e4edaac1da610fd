"""The web applications of tests/apps, as images without any tracer."""

from engine import build_image
from harness import ROOT, made

# What has to run first, if anything, and the context of tests/apps/LANGUAGE/Dockerfile.
RECIPES = {
    "java": (["mvn", "-B", "-q", "-f", ROOT / "tests/apps/java/pom.xml", "package"], "build/apps/java"),
    "python": (None, "tests/apps/python"),
    "nodejs": ([ROOT / "tests/apps/nodejs/build"], "build/apps/nodejs/24"),
    "dotnet": ([ROOT / "tests/apps/dotnet/build"], "build/apps/dotnet"),
    "go": ([ROOT / "tests/apps/go/build"], "build/apps/go"),
}


def app_image(language):
    """The name of the application's image."""
    first, context = RECIPES[language]
    if first:
        made(*first, timeout=900)
    return build_image(f"injector-test-build-app-{language}", "--file", ROOT / f"tests/apps/{language}/Dockerfile",
                       context=ROOT / context)
