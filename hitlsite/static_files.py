"""Static files under names that hold their digest, compressed once."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import brotli
from django.contrib.staticfiles import apps
from whitenoise.compress import Compressor
from whitenoise.storage import CompressedManifestStaticFilesStorage

# The highest quality takes twenty times as long for a tenth of the size, at every first start.
QUALITY = 6


class QuickCompressor(Compressor):
    """Compresses well enough to be done while somebody waits."""

    SKIP_COMPRESS_EXTENSIONS = (*Compressor.SKIP_COMPRESS_EXTENSIONS, "map")

    @staticmethod
    def compress_brotli(data: bytes) -> bytes:
        """Return `data` in Brotli."""
        compressed: bytes = brotli.compress(data, quality=QUALITY)
        return compressed


class Storage(CompressedManifestStaticFilesStorage):
    """Compresses a file when its digest is new: what a name stands for never changes."""

    keep_only_hashed_files = True

    def create_compressor(self, **options: Any) -> Compressor:
        """Return the compressor; the extensions it leaves alone are its own."""
        return QuickCompressor(quiet=True)

    def compress_files(self, paths: set[str]) -> Iterator[tuple[str, str]]:
        """Compress the files that have no compressed twin yet."""
        new = {name for name in paths if not Path(f"{self.path(name)}.gz").exists()}
        yield from super().compress_files(new)


class StaticFilesConfig(apps.StaticFilesConfig):
    """Leaves out what no page of ours uses: a second API viewer and a browsable API."""

    ignore_patterns = [*apps.StaticFilesConfig.ignore_patterns, "redoc", "rest_framework"]
