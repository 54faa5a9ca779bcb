"""Operations that shelve servers and bring them back."""
