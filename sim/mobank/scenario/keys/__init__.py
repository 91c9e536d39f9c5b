"""The keys of scenarios and desk studies, each declared once, by subject."""
