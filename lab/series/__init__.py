"""Commits that are played, with what a careful reviewer would say of each."""
