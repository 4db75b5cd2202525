"""Previews that a reviewer can trust: what a change does to a stack, as a comment, and a gate for what loses data.

`model` reads what the engine says, `gate` judges it, `markdown` shows it; `offline` and `live` ask the engine.
"""
