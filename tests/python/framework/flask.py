"""The name of a framework that both libraries know."""
