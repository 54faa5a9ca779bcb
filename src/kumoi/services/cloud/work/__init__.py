"""Operations: work asked for, in progress and done."""
