"""MATLAB files with the same bytes every time: version 5 (SciPy) and version 7.3 (HDF5, arrays transposed, 1-based)."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from reidapt.errors import DataError

if TYPE_CHECKING:
    import h5py

HEADER = b"MATLAB 5.0 MAT-file, written by reidapt"


def cell(values: Sequence[Any]) -> np.ndarray:
    """A column cell array (N, 1) of text or arrays."""
    array = np.empty((len(values), 1), dtype=object)
    for k, value in enumerate(values):
        array[k, 0] = value
    return array


def write_v5(path: Path, variables: Mapping[str, Any]) -> None:
    """Write variables as a version 5 file; the text of its header, where SciPy puts the date, is always the same."""
    from scipy.io import savemat

    buffer = io.BytesIO()
    savemat(buffer, dict(variables), do_compression=True)
    data = bytearray(buffer.getvalue())
    data[:116] = HEADER.ljust(116)
    path.write_bytes(bytes(data))


class Version73:
    """A version 7.3 file: HDF5 behind 512 bytes of header; what is (a, b, c) in MATLAB is stored as (c, b, a).

    A cell array is a dataset of references to the group `#refs#`; an empty array stores its size and is marked empty.
    """

    def __init__(self, path: Path) -> None:
        try:
            import h5py
        except ImportError:
            raise DataError("writing this layout needs h5py; install it with: pip install h5py.") from None
        self._h5py, self._path = h5py, path
        self._file = h5py.File(path, "w", userblock_size=512)
        self._references = self._file.create_group("#refs#")

    def __enter__(self) -> Version73:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()
        header = b"MATLAB 7.3 MAT-file, written by reidapt".ljust(116) + bytes(8) + b"\x00\x02IM"
        with self._path.open("r+b") as file:
            file.write(header.ljust(512, b"\0"))

    def variable(self, name: str, value: np.ndarray) -> None:
        """A named array (MATLAB shape)."""
        self._array(self._file, name, value)

    def cells(self, name: str, values: np.ndarray) -> None:
        """A named cell array (MATLAB shape) of references made by `array` and `nested`."""
        self._cells(self._file, name, values)

    def array(self, value: np.ndarray) -> h5py.Reference:
        """An array to put into a cell."""
        return self._array(self._references, self._next(), value).ref

    def nested(self, values: np.ndarray) -> h5py.Reference:
        """A cell array to put into a cell."""
        return self._cells(self._references, self._next(), values).ref

    def _next(self) -> str:
        return f"r{len(self._references):08d}"

    def _array(self, group: h5py.Group, name: str, value: np.ndarray) -> h5py.Dataset:
        kind = {"u1": b"uint8", "f8": b"double", "i4": b"int32"}[value.dtype.str[1:]]
        if value.size:
            dataset = group.create_dataset(name, data=np.ascontiguousarray(value.T), track_times=False)
        else:
            dataset = group.create_dataset(name, data=np.array(value.shape, np.uint64), track_times=False)
            dataset.attrs["MATLAB_empty"] = np.uint8(1)
        dataset.attrs["MATLAB_class"] = np.bytes_(kind)
        return dataset

    def _cells(self, group: h5py.Group, name: str, values: np.ndarray) -> h5py.Dataset:
        dataset = group.create_dataset(name, values.T.shape, dtype=self._h5py.ref_dtype, track_times=False)
        for index, reference in np.ndenumerate(values.T):
            dataset[index] = reference
        dataset.attrs["MATLAB_class"] = np.bytes_(b"cell")
        return dataset
