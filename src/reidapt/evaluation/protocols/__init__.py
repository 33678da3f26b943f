"""Evaluation protocols: functions of a table of test rows and their embeddings."""

from reidapt.evaluation.protocols.base import Ranking
from reidapt.evaluation.protocols.cross_modal import cross_modal, llcm, pku_sketch, regdb
from reidapt.evaluation.protocols.cuhk03 import cuhk03_classic
from reidapt.evaluation.protocols.market import market1501
from reidapt.evaluation.protocols.registry import PROTOCOLS, Protocol, protocol
from reidapt.evaluation.protocols.sysu import sysu_mm01
from reidapt.evaluation.protocols.video import ccvid, pool_tracklets, video

__all__ = [
    "PROTOCOLS",
    "Protocol",
    "Ranking",
    "ccvid",
    "cross_modal",
    "cuhk03_classic",
    "llcm",
    "market1501",
    "pku_sketch",
    "pool_tracklets",
    "protocol",
    "regdb",
    "sysu_mm01",
    "video",
]
