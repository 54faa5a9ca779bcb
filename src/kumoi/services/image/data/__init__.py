"""The bytes of images: upload, stage, import, download."""
