"""Statistics on any table of numbers: they import no study, no programme, no extract."""
