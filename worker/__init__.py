"""The workers: the only place where the site, the evaluator and the model meet."""
