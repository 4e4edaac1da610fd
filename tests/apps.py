"""The web applications of tests/apps, as images without any tracer."""

from engine import build_image
from harness import ROOT, made

# How each is built, and what then is the context of its Dockerfile; else tests/apps/LANGUAGE/build and build/apps/LANGUAGE.
RECIPES = {"java": ["mvn", "-B", "-q", "-f", ROOT / "tests/apps/java/pom.xml", "package"]}
CONTEXTS = {"nodejs": "build/apps/nodejs/24"}


def app_image(language):
    """The name of the application's image."""
    made(*RECIPES.get(language, [ROOT / f"tests/apps/{language}/build"]), timeout=900)
    return build_image(f"injector-test-build-app-{language}", "--file", ROOT / f"tests/apps/{language}/Dockerfile",
                       context=ROOT / CONTEXTS.get(language, f"build/apps/{language}"))
