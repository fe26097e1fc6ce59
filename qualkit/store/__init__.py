"""The study file: events and texts in one SQLite database, and the state folded from them."""
