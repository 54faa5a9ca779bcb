"""Operations that make, restore and delete backups."""
