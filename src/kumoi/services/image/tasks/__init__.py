"""Tasks: the operations that fill images, as the image API shows them."""
