"""Operations that create and delete servers."""
