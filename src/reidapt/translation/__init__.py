"""Translated datasets: crops redrawn by a trained method, written so that every reader and trainer takes them."""

from reidapt.translation.translate import Translation, translate_dataset

__all__ = ["Translation", "translate_dataset"]
