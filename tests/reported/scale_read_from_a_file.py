import tempfile
import torch

def load(path):
    for line in open(path):
        if line.startswith("offset"):
            offset = float(line.split()[1])
        elif line.startswith("scale"):
            scale = float(line.split()[1])
        elif line.startswith("frames"):
            frames = int(line.split()[1])
        elif line.startswith("joints"):
            joints = int(line.split()[1])
    return (scale - offset) / (frames * joints)

with tempfile.NamedTemporaryFile("w", suffix=".txt", delete=False) as file:
    file.write("# pose of a hand\nscale 3\noffset 1\nframes 20\njoints 5\n")
factor = load(file.name)
w = torch.randn(3, requires_grad=True)
h = torch.tanh(w) * factor
h.sum().backward()
h.mean().backward()  # expect: MHL101
