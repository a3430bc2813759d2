"""Pure descriptions: schema, statuses, money, actions, plans, ids."""
