"""Embeddings, retrieval figures, ranked lists and the pictures of them."""

from reidapt.evaluation.comparison import Comparison, compare, compare_files
from reidapt.evaluation.embedding import embed
from reidapt.evaluation.ranking import rank
from reidapt.evaluation.reranking import Reranking
from reidapt.evaluation.result import RankedLists, RetrievalResult
from reidapt.evaluation.trials import TrialsResult, load_result

__all__ = [
    "Comparison",
    "RankedLists",
    "Reranking",
    "RetrievalResult",
    "TrialsResult",
    "compare",
    "compare_files",
    "embed",
    "load_result",
    "rank",
]
