"""training layer of reidapt; see docs/design.md."""
