"""One file per system: networks, losses and the training step, readable beside the paper it comes from."""

from __future__ import annotations

from importlib import import_module

from reidapt.config import nearest
from reidapt.errors import ConfigError
from reidapt.methods.base import Method, RunConfig, TrainConfig

#: name of a method -> where its class is; imported on use, so that one method's dependencies are not everyone's.
METHODS: dict[str, tuple[str, str]] = {
    "source-only": ("reidapt.methods.source_only", "SourceOnly"),
    "cluster-teacher": ("reidapt.methods.cluster_teacher", "ClusterTeacher"),
    "cut-joint": ("reidapt.methods.cut_joint", "CutJoint"),
    "cut-disentangled": ("reidapt.methods.cut_disentangled", "CutDisentangled"),
    "background-gan": ("reidapt.methods.background_gan", "BackgroundGan"),
    "context-rendering": ("reidapt.methods.context_rendering", "ContextRendering"),
    "cut-and-paste": ("reidapt.methods.cut_and_paste", "CutAndPaste"),
    "spgan": ("reidapt.methods.spgan", "Spgan"),
    "modality-adversarial": ("reidapt.methods.modality_adversarial", "ModalityAdversarial"),
    "video-mean-teacher": ("reidapt.methods.video_mean_teacher", "VideoMeanTeacher"),
}


def load_method(name: str) -> type[Method]:
    """The class of a method.

    Raises:
        ConfigError: there is no such method; the nearest name is given.
    """
    if name not in METHODS:
        raise ConfigError(f"There is no method '{name}'; {nearest(name, METHODS)}")
    module, cls = METHODS[name]
    return getattr(import_module(module), cls)


__all__ = ["METHODS", "Method", "RunConfig", "TrainConfig", "load_method"]
