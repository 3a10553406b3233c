"""Values to characters: numbers with units, local times, SVG charts, tables; pure."""
