"""models layer of reidapt; see docs/design.md."""
