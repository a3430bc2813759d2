"""The tree is the action bar: one module an action, each with one ACTION."""
