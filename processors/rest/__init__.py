"""The REST connector: carries out a call and says how it was answered."""
