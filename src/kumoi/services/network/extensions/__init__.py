"""Extensions: the parts of the network API that are built."""
