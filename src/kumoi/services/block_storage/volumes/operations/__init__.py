"""Operations that create, extend, revert and delete volumes."""
