"""Decoding: a picture file of any mode and size becomes a uint8 array of the size asked for."""

from __future__ import annotations

import os

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

from reidapt.data.virtual import is_virtual, virtual_picture
from reidapt.errors import DataError


def decode(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> np.ndarray:
    """RGB uint8 (H, W, 3), resized to `size` = (H, W) with an antialiased bilinear filter; None keeps the size.

    Grey, palette, CMYK and 16-bit pictures become RGB (16 bits are divided by 257), transparent parts black, and an
    EXIF orientation is applied. Raises `DataError` naming a file that is missing, truncated or not a picture.
    """
    return np.asarray(_load(path, size, "RGB"))


def decode_mask(path: str | os.PathLike[str], size: tuple[int, int] | None = None) -> np.ndarray:
    """Grey uint8 (H, W) in 0..255, otherwise as `decode`."""
    return np.asarray(_load(path, size, "L"))


def _load(path: str | os.PathLike[str], size: tuple[int, int] | None, mode: str) -> Image.Image:
    if is_virtual(os.fspath(path)):
        picture = _convert(Image.fromarray(virtual_picture(os.fspath(path), size, mask=mode == "L")), mode)
        return picture if size is None else picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
    try:
        with Image.open(path) as image:
            if size is not None:
                image.draft(None, (2 * max(size), 2 * max(size)))  # large JPEGs: decode a half, quarter or eighth
            image.load()
            picture = ImageOps.exif_transpose(image) if "exif" in image.info else image
            picture = _convert(picture, mode)
            if size is not None and picture.size != (size[1], size[0]):
                picture = picture.resize((size[1], size[0]), Image.Resampling.BILINEAR)
            return picture
    except FileNotFoundError:
        raise DataError(f"the picture {path} does not exist.") from None
    except UnidentifiedImageError:
        what = "is empty (0 bytes)" if os.path.isfile(path) and os.path.getsize(path) == 0 else "is not a picture"
        raise DataError(f"{path} {what}; replace or remove it.") from None
    except DataError:
        raise
    except Exception as error:  # decoders raise OSError, SyntaxError, ValueError, struct.error, ... on damaged files
        reason = str(error) or type(error).__name__
        raise DataError(f"{path} is damaged or cannot be read ({reason}); replace or remove it.") from None


def _convert(image: Image.Image, mode: str) -> Image.Image:
    if image.mode.startswith("I;16") or image.mode == "I":
        values = np.asarray(image).astype(np.int64)
        if values.min() < 0 or values.max() > 65535:
            raise ValueError(f"values {values.min()}..{values.max()} do not fit 16 bits")
        image = Image.fromarray(((values + 128) // 257).astype(np.uint8))
    elif image.mode == "F":
        raise ValueError("floating-point values, whose range is not known")
    elif image.mode in ("RGBA", "LA", "PA", "La", "RGBa") or "transparency" in image.info:
        rgba = image.convert("RGBA")
        image = Image.alpha_composite(Image.new("RGBA", rgba.size, (0, 0, 0, 255)), rgba)
    return image if image.mode == mode else image.convert(mode)
