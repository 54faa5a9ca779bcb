"""Operations that rescue servers, and end that."""
