"""Invented extracts whose true effects are known (DESIGN.md 11)."""
