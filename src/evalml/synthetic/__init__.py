"""Invented extracts whose true effects are known."""
