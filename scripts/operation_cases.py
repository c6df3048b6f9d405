"""What the probe of operations cannot measure, or what PyTorch's own sample inputs leave out: plain tables.

`EXPRESSIONS` and `MODULES` are run by probe_operations.py like any other sample. `SIGNATURES`, `WHEN` and the
tables of scalars give names to arguments, and say on which of them a verdict or the form of a result hangs.
The tests of the table check them.
"""

from __future__ import annotations


def words(text: str) -> list[str]:
    """The names in a text."""
    return text.split()


# Each line is run with x, y: (4, 8), s: (4, 5, 8), q: (4, 4), i: (2, 3, 8, 8), p: (2, 4, 4, 4), v: (8,) and
# w: (3, 8), which require grad, and with idx, lab (class indices), mask and c: (4, 8), which do not.
EXPRESSIONS = """
x + y; x + 1; 1 + x; x - y; x - 1; 1 - x; x * y; x * 2; 2 * x; x * c; x / y; x / 2; 2 / x; x ** 2; x ** y
2 ** x; x % 2; x % y; x // 2; x // y; 7 // x; 7 % x; x @ w.t(); s @ w.t(); -x; +x; x < y; x < 1; x <= y
x > 0; x >= y; x == y; x != 1; mask & mask; mask | mask; mask ^ mask; ~mask; x += y; x += 1; x -= y
x -= 1; x *= y; x *= 2; x /= y; x /= 2; x **= 2; x **= y; x %= 2; x %= y; x[0]; x[:, 0]; x[..., None]
x[1:2, 3]; x[idx]; x[[0, 1]]; x[mask]; x[0] = 0; x[0] = v; x[:] = y; x[...] = 1; x[mask] = 0
x[:2] = y[:2]; x.T; x.mT; x.H; x.data; x.real; x.shape; x.dtype; x.device; x.ndim; x.requires_grad
x.is_leaf; x.grad_fn; x.is_cuda; x.itemsize; x.nbytes; x.layout; x.is_sparse; x.is_quantized; x.is_meta
x.detach(); x.numpy(force=True); x.dim(); x.size(); x.size(0); x.numel(); x.nelement(); x.tolist()
x.stride(); x.type(); x.is_floating_point(); x.is_complex(); x.is_contiguous(); x.data_ptr()
x.element_size(); x.storage_offset(); x.ndimension(); x.get_device(); x.is_signed(); x.is_shared()
x.untyped_storage(); x.is_inference(); x.is_same_size(y); x.is_set_to(y); x.cpu(); x.to("cpu")
x.type(torch.float64); x.type_as(c); x.view_as(y); x.to_dense(); x.prelu(v[:1]); x.relu(); x.hardshrink()
x.index_select(0, idx); x.sum().item(); x.clone().random_(); q.slogdet()
x.unsafe_split_with_sizes([2, 2]); x.clone().copy_(y); q.clone().fill_diagonal_(0); x.clone().relu_()
x.clone().bernoulli_(0.5); x.clone().zero_(); x.clone().fill_(1); x.clone().normal_()
x.clone().uniform_(); x.clone().swapaxes_(0, 1); x.clone().swapdims_(0, 1); x.clone().multiply_(y)
x.clone().divide_(y); x.clone().subtract_(y); x.clone().negative_(); x.clone().clip_(0, 1)
x.clone().absolute_(); x.clone().fix_(); x.clone().masked_fill_(mask, 0); x.clone().index_fill_(0, idx, 0)
x.clone().mul_(2); x.clone().div_(2); x.clone().add_(1); x.clone().add_(y); x.clone().sub_(1)
x.clone().clamp_(0, 1); x.clone().index_add_(0, idx, y[:3])
x.clone().scatter_(0, lab[None].expand(1, 4), 1.0); x.clone().lerp_(y, 0.1); x.clone().squeeze_()
x.clone().unsqueeze_(0); x.clone().t_(); x.clone().transpose_(0, 1); x.clone().exponential_()
torch.relu(x); torch.selu(x); torch.celu(x); torch.rrelu(x); torch.prelu(x, v[:1]); torch.hardshrink(x)
torch.threshold(x, 0, 1); torch.adaptive_avg_pool1d(s, 1); torch.adaptive_avg_pool1d(s, 2)
torch.adaptive_max_pool1d(s, 2); torch.avg_pool1d(s, 2); torch.max_pool1d(s, 2); torch.max_pool2d(i, 2)
torch.max_pool3d(i[None], 2); torch.dropout(x, 0.5, True); torch.dropout(x, 0.5, False)
torch.alpha_dropout(x, 0.5, True); torch.feature_dropout(i, 0.5, True)
torch.bilinear(x, y, torch.ones(2, 8, 8), None); torch.binary_cross_entropy_with_logits(x, c)
torch.cosine_similarity(x, y); torch.cosine_embedding_loss(x, y, lab * 0 + 1)
torch.hinge_embedding_loss(x, c); torch.kl_div(x, c); torch.margin_ranking_loss(x, y, c)
torch.pairwise_distance(x, y); torch.poisson_nll_loss(x, c, True, False, 1e-8, 1)
torch.triplet_margin_loss(x, y, c); torch.embedding(w, idx); torch.pdist(x); torch.pixel_shuffle(p, 2)
torch.pixel_unshuffle(p, 2); torch.channel_shuffle(p, 2); torch.poisson(x); torch.binomial(x, c)
torch.instance_norm(i, None, None, None, None, True, 0.1, 1e-5, False); torch.slogdet(q)
torch.chain_matmul(x, x.t()); torch.select_copy(x, 0, 0); torch.slice_copy(x); torch.detach(x)
torch.numel(x); torch.is_tensor(x); torch.is_complex(x); torch.is_floating_point(x)
torch.is_nonzero(x[0, 0]); torch.is_same_size(x, y); torch.frobenius_norm(x, 1); torch.nuclear_norm(q)
torch.as_tensor(x); torch.asarray(x); torch.segment_reduce(v, "sum", lengths=idx[:1] * 0 + 8)
torch.split_copy(x, 2); torch.get_device(x); torch.is_storage(x); torch.is_inference(x)
torch.is_signed(x); torch.batch_norm(x, None, None, None, None, True, 0.1, 1e-5, False)
torch.nn.functional.affine_grid(p[:, :2, :3, 0], [2, 1, 3, 3], align_corners=False)
torch.nn.functional.dropout1d(s); torch.nn.functional.dropout1d(s, 0.5, False)
torch.nn.functional.fold(i[:1, 0, :4, :4].reshape(1, 4, 4), (3, 3), 2)
torch.nn.functional.gumbel_softmax(x); torch.nn.functional.lp_pool1d(s, 2, 2)
torch.nn.functional.lp_pool2d(i, 2, 2); torch.nn.functional.lp_pool3d(i[None], 2, 2)
torch.nn.functional.upsample(i, scale_factor=2); torch.nn.functional.feature_alpha_dropout(i)
torch.nn.functional.alpha_dropout(x); torch.nn.functional.max_pool2d_with_indices(i, 2)
torch.nn.functional.max_pool1d_with_indices(s, 2)
torch.nn.functional.adaptive_max_pool2d_with_indices(i, 2); torch.nn.functional.embedding(idx, w)
torch.nn.functional.one_hot(lab, 8); torch.nn.functional.rrelu(x); torch.nn.functional.softmax(x, 1)
torch.nn.functional.interpolate(i, scale_factor=2)
torch.nn.functional.interpolate(i, scale_factor=0.5, mode="area"); torch.nn.functional.pad(x, (1, 1))
torch.nn.functional.pad(i, (1, 1, 1, 1), "reflect"); torch.matrix_power(q, 2)
torch.nn.utils.rnn.pad_sequence([x, y]); torch.nn.utils.parameters_to_vector([x, y])
torch.repeat_interleave(x, 2); torch.nn.functional.cosine_similarity(x, y)
torch.nn.functional.pairwise_distance(x, y); torch.einsum("ij->j", x); torch.einsum("ij,ij->i", x, y)
torch.where(mask, x, y); torch.clamp(x, 0, 1); torch.clip(x, 0, 1); torch.pow(x, 2); torch.pow(x, 0.5)
torch.pow(x, y); torch.mul(x, 2); torch.div(x, 2); torch.matmul(x, w.t()); torch.svd_lowrank(x, 2)
torch.pca_lowrank(x, 2); torch.max(x); torch.max(x, 1); torch.max(x, y); torch.min(x); torch.min(x, 1)
torch.min(x, y); torch.norm(x); torch.norm(x, dim=1); torch.nn.functional.elu_(x.clone())
torch.nn.functional.selu_(x.clone()); torch.nn.functional.celu_(x.clone())
torch.nn.functional.leaky_relu_(x.clone()); torch.nn.functional.hardtanh_(x.clone())
torch.nn.functional.relu_(x.clone()); torch.nn.functional.threshold_(x.clone(), 0, 1)
torch.nn.functional.rrelu_(x.clone()); x.clone().pow_(2); x.is_cpu; x.is_mps; x.is_nested; x.is_pinned(); x.is_xla
x.is_conj(); x.is_neg(); x.output_nr; x.retains_grad; x.name
"""

# class: (constructor, inputs), the inputs named as for EXPRESSIONS
MODULES = """
AdaptiveLogSoftmaxWithLoss(8, 11, [4]): x, lab
AlphaDropout(0.5): x
ChannelShuffle(2): p
CosineSimilarity(): x, y
CrossMapLRN2d(2): i
Dropout(0.5): x
Dropout(0.0): x
Dropout1d(0.5): s
Dropout2d(0.5): i
Dropout3d(0.5): i[None]
EmbeddingBag(9, 3): lab[None]
FeatureAlphaDropout(0.5): i
Flatten(): i
FractionalMaxPool2d(2, output_size=4): i
Fold((3, 3), 2): i[:1, 0, :4, :4].reshape(1, 4, 4)
Hardsigmoid(): x
Identity(): x
MultiheadAttention(8, 2): s, s * 1, s * 1
MultiheadAttention(8, 2, batch_first=True): s, s * 1, s * 1
MaxUnpool2d(2): F.max_pool2d(i, 2), F.max_pool2d(i, 2, return_indices=True)[1]
PairwiseDistance(): x, y
PixelShuffle(2): p
PixelUnshuffle(2): p
RReLU(): x
TransformerDecoderLayer(8, 2, 16, batch_first=True): s, s * 1
TransformerEncoderLayer(8, 2, 16, 0.0, batch_first=True): s
TransformerEncoderLayer(8, 2, 16): s
TransformerEncoder(nn.TransformerEncoderLayer(8, 2, 16, batch_first=True), 2): s
TransformerDecoder(nn.TransformerDecoderLayer(8, 2, 16, batch_first=True), 2): s, s * 1
TripletMarginLoss(): x, y, c
TripletMarginWithDistanceLoss(): x, y, c
Unflatten(1, (2, 4)): x
Unfold(2): i
Upsample(scale_factor=2): i
Upsample(scale_factor=2, mode="bilinear"): i
UpsamplingBilinear2d(scale_factor=2): i
UpsamplingNearest2d(scale_factor=2): i
AdaptiveAvgPool1d(1): s
AdaptiveAvgPool1d(2): s
AdaptiveAvgPool2d(1): i
AdaptiveAvgPool2d((1, 1)): i
AdaptiveAvgPool3d(1): i[None]
AdaptiveAvgPool3d(2): i[None]
"""

# Lazy and synchronised classes behave like the class they become
SAME_MODULES = {
    **{f"Lazy{name}{n}d": f"{name}{n}d" for name in ("BatchNorm", "InstanceNorm") for n in (1, 2, 3)},
    **{f"Lazy{name}{n}d": f"{name}{n}d" for name in ("Conv", "ConvTranspose") for n in (1, 2, 3)},
    "FractionalMaxPool3d": "FractionalMaxPool2d",
    "LazyLinear": "Linear",
    "SyncBatchNorm": "BatchNorm2d",
    "MaxUnpool1d": "MaxUnpool2d",
    "MaxUnpool3d": "MaxUnpool2d",
    "NLLLoss2d": "NLLLoss",
}

CREATORS = words("""
arange bartlett_window blackman_window empty empty_like empty_permuted empty_strided eye frombuffer
from_dlpack from_file from_numpy full full_like hamming_window hann_window kaiser_window linspace load
logspace ones ones_like rand rand_like randint randint_like randn randn_like randperm range scalar_tensor
sparse_coo_tensor sparse_csr_tensor tensor tril_indices triu_indices zeros zeros_like fft.fftfreq
fft.rfftfreq Tensor FloatTensor LongTensor DoubleTensor BoolTensor IntTensor
""")
CREATING_METHODS = [
    "new",
    "new_empty",
    "new_empty_strided",
    "new_full",
    "new_ones",
    "new_tensor",
    "new_zeros",
]
RANDOM = set(
    words("""
bernoulli normal multinomial poisson rrelu bernoulli_ cauchy_ exponential_ geometric_ log_normal_ normal_
random_ uniform_ gumbel_softmax dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout
fractional_max_pool2d fractional_max_pool3d RReLU
""")
)
RANDOM_CREATORS = {"rand", "rand_like", "randint", "randint_like", "randn", "randn_like", "randperm"}

# torch.nn.init writes under no_grad: the version counter moves, the graph stays as it was
INITIALISERS = words("""
constant_ dirac_ eye_ kaiming_normal_ kaiming_uniform_ normal_ ones_ orthogonal_ sparse_ trunc_normal_
uniform_ xavier_normal_ xavier_uniform_ zeros_
""")

# What all samples need and other calls do not: those of another dtype, which is not copied, or of another order
NEEDED_BY_SOME = {
    "torch.float_power": {"result"},
    "torch.linalg.norm": {"input", "result"},
}

# Where only some samples need a place: the calls that do not
NEEDS_UNLESS = {
    "torch.linalg.norm": {"input": "ord", "result": "ord"},
    "torch.norm": {"input": "p is nuc", "result": "p is nuc"},
    "torch.max": {"input": "dim"},
    "torch.min": {"input": "dim"},
    "torch.median": {"input": "dim", "result": "dim"},
    "torch.nanmedian": {"input": "dim", "result": "dim"},
    "torch.nn.functional.smooth_l1_loss": {"input": "beta is 0|0.0", "target": "beta is 0|0.0"},
    "torch.nn.functional.kl_div": {"input": "log_target", "target": "log_target"},
}

SIGNATURES = {
    "torch.einsum": "equation, *operands",
    "torch.repeat_interleave": "input, repeats=None, dim=None",
    "torch.nn.functional.pad": "input, pad, mode='constant', value=None",
    "torch.embedding": "weight, indices",
    "torch.gradient": "input, spacing=1, dim=None",
    "torch.fmod": "input, other",
    "torch.remainder": "input, other",
    "torch.pow": "input, exponent",
    "torch.where": "condition, input=None, other=None",
    "torch.clamp": "input, min=None, max=None",
    "torch.clip": "input, min=None, max=None",
    "torch.norm": "input, p='fro', dim=None, keepdim=False",
    "torch.linalg.norm": "input, ord=None, dim=None, keepdim=False",
    "torch.linalg.vector_norm": "input, ord=2, dim=None, keepdim=False",
    "torch.std": "input, dim=None, unbiased=True, keepdim=False",
    "torch.var": "input, dim=None, unbiased=True, keepdim=False",
    "torch.cumulative_trapezoid": "y, x=None, dx=None, dim=-1",
    "torch.trapezoid": "y, x=None, dx=None, dim=-1",
    "torch.trapz": "y, x=None, dx=None, dim=-1",
    "torch.nn.functional.adaptive_avg_pool1d": "input, output_size",
    "torch.adaptive_avg_pool1d": "input, output_size",
    **{
        f"torch.{name}": "input, dim=None, keepdim=False"
        for name in words(
            "all amax amin any argmax argmin count_nonzero max mean median min nanmean nanmedian nansum prod "
            "sum"
        )
    },
}

# What PyTorch's sample wrappers call an argument
RENAMED = {
    ("torch.einsum", "tensors"): "operands",
    ("torch.nn.functional.embedding", "idx"): "input",
    ("torch.nn.functional.embedding_bag", "idx"): "input",
    ("torch.polygamma", "x"): "input",
    ("torch.special.polygamma", "x"): "input",
    ("torch.linalg.lstsq", "a"): "input",
}

SCALAR_UNLESS_DIM = words("""
torch.all torch.amax torch.amin torch.any torch.argmax torch.argmin torch.count_nonzero torch.linalg.norm
torch.linalg.vector_norm torch.max torch.mean torch.median torch.min torch.nanmean torch.nanmedian
torch.nansum torch.norm torch.prod torch.std torch.sum torch.var
""")
MULTI_IF_DIM = ["torch.max", "torch.median", "torch.min", "torch.nanmedian"]
SCALARS = ["torch.dist", "torch.dot", "torch.trace", "torch.vdot"]

WHEN = {
    "torch.lerp": "if weight is tensor",
    "lerp_": "if weight is tensor",
    "torch.einsum": "if operands > 1",
    "torch.repeat_interleave": "if repeats is tensor",
    "torch.nn.functional.pad": "if mode is reflect|replicate|circular",
    "torch.nn.functional.interpolate": "if mode is area",
    "torch.nn.functional.upsample": "if mode is area",
    "torch.linalg.matrix_power": "unless n is 0|1",
    "torch.matrix_power": "unless n is 0|1",
    "torch.chain_matmul": "if matrices > 1",
    "torch.gradient": "if spacing is tensor",
    "torch.remainder": "if other is tensor",
    "torch.fmod": "if other is tensor",
    "remainder_": "if other is tensor",
    "fmod_": "if other is tensor",
    "torch.trapezoid": "if x is tensor",
    "torch.trapz": "if x is tensor",
    "torch.cumulative_trapezoid": "if x is tensor",
    **{f"torch.nn.functional.adaptive_avg_pool{n}d": "unless output_size is 1" for n in (1, 2, 3)},
    "torch.adaptive_avg_pool1d": "unless output_size is 1",
    **{f"AdaptiveAvgPool{n}d": "unless output_size is 1" for n in (1, 2, 3)},
    **{
        f"torch.nn.functional.{name}": "if dropping"
        for name in words("dropout dropout1d dropout2d dropout3d alpha_dropout feature_alpha_dropout")
    },
    **{f"torch.{name}": "if dropping" for name in ["dropout", "alpha_dropout", "feature_dropout"]},
    **dict.fromkeys(
        words("Dropout Dropout1d Dropout2d Dropout3d AlphaDropout FeatureAlphaDropout"), "if dropping"
    ),
    "%": "if other is tensor",
    "%=": "if other is tensor",
    "[]": "if index is fancy",
    "[]=": "unless index is whole",
}

# Names that no training program writes
LEFT_OUT = (
    r"torch\.masked\.|special\..*(bessel|polynomial)|airy|_copy$|signal\.windows|native_|hash_|ldl_|\._"
)

# Modules whose parameters are taken together when asking which of them requires grad
GROUPED = {"GRU", "LSTM", "RNN", "MultiheadAttention"}

# Where memory is shared only on some inputs, which no sample may show
ALIASES = set(
    words("""
contiguous flatten ravel reshape reshape_as to type type_as cpu cuda float double half bfloat16 as_tensor
asarray to_dense conj_physical cartesian_prod
""")
)
