"""Embeddings, retrieval figures, ranked lists and the pictures of them."""

from reidapt.evaluation.embedding import embed
from reidapt.evaluation.ranking import rank
from reidapt.evaluation.result import RankedLists, RetrievalResult

__all__ = ["RankedLists", "RetrievalResult", "embed", "rank"]
