"""Readers: one file per dataset layout, each a function from a folder or file to a CropTable."""
