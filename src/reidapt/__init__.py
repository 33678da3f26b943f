"""reidapt: train person re-identification models for cameras nobody labelled."""

__version__ = "0.1.0"
