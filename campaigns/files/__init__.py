"""Files with one byte or one key changed, through the readers of every format."""
