"""Payment bundles and bank reports as a person handles them; each verb is a run of a hidden action."""
