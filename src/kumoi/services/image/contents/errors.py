"""The errors of contents."""

from kumoi.kernel.errors import TooLarge


class OverSize(TooLarge):
    """The owner's quota of bytes (image_size_total, image_stage_total) has no room for them."""

    def __init__(self, most: int) -> None:
        super().__init__(f"Quota exceeded for the bytes of images: {most >> 20} MiB are left.")
