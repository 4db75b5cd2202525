"""One HTML file that shows a stack as it is: nothing is changed, nothing is loaded, and no secret is in it.

`gather` asks what `kubeauth status` does not, `scene` says who names whom, `reach` who may talk to whom, `picture`
gives them places, `page` makes the text, `commands` searches it for secrets and writes it.
"""
