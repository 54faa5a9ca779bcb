"""Operations that resize servers, and confirm or revert that."""
