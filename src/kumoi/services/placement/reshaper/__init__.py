"""The reshaper: moves inventories and allocations between providers in one go."""
