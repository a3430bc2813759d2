"""How a party is reached: one mail address, the lines of a postal one. No look-up on any network."""
