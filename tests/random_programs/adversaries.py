"""Steps with two networks: GAN, actor and critic, SAC, and their gradient penalties."""

from __future__ import annotations

from .draft import ROWS, WIDTH, Draft, indent
from .flags import condition
from .networks import network
from .walks import log, loss_of, optimizer, walk, zero


def gan(draft: Draft) -> list[str]:
    """A discriminator and a generator, stepped in either order, with or without the detach."""
    gen, disc = network(draft, "G", "gen", "netG"), network(draft, "D", "disc", "netD")
    opt_g, opt_d = optimizer(draft, [gen], "opt_g", "optG"), optimizer(draft, [disc], "opt_d", "optD")
    fake = draft.fresh("fake", "fakes", "generated")
    lines = [f"{fake} = {gen}(torch.randn({ROWS}, {WIDTH}))"]
    seen = draft.weigh({f"{fake}.detach()": 6, fake: 2, f"{fake}.data": 0.5})
    if draft.chance(0.15):
        seen = f"({fake}.detach() if {condition(draft)} else {fake})"
    draft.note("gan detached" if "detach" in seen or "data" in seen else "gan attached")
    shared = draft.chance(0.2)
    score = draft.fresh("score", "pred_fake", "d_fake")
    d_retain = draft.weigh({"": 6, "True": 2})
    d_value = score if shared else f"{disc}({seen})"
    d_lines = [zero(draft, opt_d)]
    if shared:
        draft.note("gan shared score")
        lines.append(f"{score} = {disc}({fake})")
    real, false = loss_of(draft, f"{disc}(x)"), loss_of(draft, d_value)
    if draft.chance(0.5):
        d_lines += [f"d_loss = {real} + {false}", *walk(draft, "d_loss", d_retain), *log(draft, "d_loss")]
    else:
        d_lines += [f"real_loss = {real}", *walk(draft, "real_loss"), f"fake_loss = {false}"]
        d_lines += walk(draft, "fake_loss", d_retain)
    if draft.chance(0.2):
        d_lines += penalty_lines(draft, disc, "x", fake)
    d_lines += [f"{opt_d}.step()"] if draft.chance(0.9) else []
    g_value = score if shared and draft.chance(0.7) else f"{disc}({fake})"
    early = [f"g_loss = {loss_of(draft, g_value)}"]
    g_lines = [zero(draft, opt_g), *walk(draft, "g_loss"), f"{opt_g}.step()"]
    if draft.chance(0.15):
        g_lines = [*_freeze(disc, False), *g_lines, *_freeze(disc, True)]
        draft.note("freeze")
    if draft.chance(0.1):
        draft.note("clamp weights")
        target = draft.pick(["p.data.clamp_(-0.1, 0.1)", "p.data = p.data.clamp(-0.1, 0.1)"])
        d_lines += [f"for p in {disc}.parameters():", f"    {target}"]
    match draft.weigh({"d first": 6, "stale": 2, "g first": 1.5, "alternate": 1.5}):
        case "d first":
            return [*lines, *d_lines, *early, *g_lines]
        case "stale":
            draft.note("stale forward")
            return [*lines, *early, *d_lines, *g_lines]
        case "g first":
            return [*lines, *early, *g_lines, *d_lines]
    draft.note("alternating steps")
    return [*lines, "if step % 2 == 0:", *indent(d_lines), "else:", *indent([*early, *g_lines])]


def _freeze(net: str, on: bool) -> list[str]:
    return [f"for p in {net}.parameters():", f"    p.requires_grad_({on})"]


def penalty_lines(draft: Draft, disc: str, real: str, fake: str) -> list[str]:
    """A gradient penalty on points between real and fake ones."""
    draft.note("gradient penalty")
    mixed = draft.weigh(
        {f"(0.5 * {real} + 0.5 * {fake}).detach().requires_grad_()": 5, f"0.5 * {real} + 0.5 * {fake}": 1}
    )
    create = draft.weigh({"create_graph=True": 6, "": 0.5, "create_graph=True, retain_graph=True": 2})
    return [
        f"mixed = {mixed}",
        f"out = {disc}(mixed)",
        f"grads = torch.autograd.grad({', '.join(filter(None, ['out.sum()', 'mixed', create]))})[0]",
        "penalty = ((grads.norm(dim=1) - 1) ** 2).mean()",
        *walk(draft, "penalty"),
    ]


def actor_critic(draft: Draft) -> list[str]:
    """An actor and a critic, as two networks, in the right order, stale, or coupled by an advantage."""
    actor, critic = network(draft, "actor", "policy"), network(draft, "critic", "value_net")
    coupled = draft.weigh({"ddpg": 4, "advantage": 3, "two critics": 2, "sac": 2})
    draft.note(f"actor critic {coupled}")
    if draft.chance(0.35):
        opts = [optimizer(draft, [actor, critic])] * 2
    else:
        opts = [
            optimizer(draft, [actor], "opt_actor", "pi_opt"),
            optimizer(draft, [critic], "opt_critic", "q_opt"),
        ]
    make = {"ddpg": _ddpg, "advantage": _advantage, "two critics": _two_critics, "sac": _sac}[coupled]
    return make(draft, actor, critic, opts)


def _update(draft: Draft, opt: str, loss: str, retain: str = "") -> list[str]:
    body = [*walk(draft, loss, retain), f"{opt}.step()"]
    return [zero(draft, opt), *body] if draft.chance(0.85) else body


def _ddpg(draft: Draft, actor: str, critic: str, opts: list[str]) -> list[str]:
    target = draft.weigh({"y.float().mean()": 2, "0.0": 1})
    cut = draft.weigh({"": 2, ".detach()": 3})
    critic_loss = f"critic_loss = ({critic}(x + {actor}(x){cut}) - {target}).pow(2).mean()"
    action, given = f"{actor}(x)", []
    if draft.chance(0.3):
        given, action = ["action = " + action], "action"
        critic_loss = critic_loss.replace(f"{actor}(x)", "action")
    actor_loss = f"actor_loss = -{critic}(x + {action}).mean()"
    update_c, update_a = _update(draft, opts[1], "critic_loss"), _update(draft, opts[0], "actor_loss")
    match draft.weigh({"fine": 3, "stale": 3, "actor first": 2, "built first": 1}):
        case "fine":
            return [*given, critic_loss, *update_c, actor_loss, *update_a]
        case "stale":
            draft.note("stale forward")
            return [*given, critic_loss, actor_loss, *update_c, *update_a]
        case "actor first":
            return [*given, actor_loss, *update_a, critic_loss, *update_c]
    draft.note("stale forward")
    return [*given, actor_loss, critic_loss, *update_a, *update_c]


def _advantage(draft: Draft, actor: str, critic: str, opts: list[str]) -> list[str]:
    cut = draft.weigh({".detach()": 4, "": 2})
    lines = [
        f"value = {critic}(x).mean(dim=1)",
        f"log_prob = F.log_softmax({actor}(x), dim=-1)[:, 0]",
        f"advantage = y.float() - value{cut}",
        "actor_loss = -(log_prob * advantage).mean()",
        "critic_loss = (y.float() - value).pow(2).mean()",
    ]
    if draft.chance(0.25):
        return [*lines, *_update(draft, opts[0], "(actor_loss + 0.5 * critic_loss)")]
    updates = [
        _update(draft, opts[0], "actor_loss", draft.weigh({"": 4, "True": 1})),
        _update(draft, opts[1], "critic_loss"),
    ]
    return [
        *lines,
        *(line for update in (updates if draft.chance(0.6) else updates[::-1]) for line in update),
    ]


def _two_critics(draft: Draft, actor: str, critic: str, opts: list[str]) -> list[str]:
    second = network(draft, "critic2", "q2")
    opt = optimizer(draft, [second], "opt_q2")
    target = [f"target = x + {actor}(x)"]
    if draft.chance(0.6):
        target = ["with torch.no_grad():", *indent(target)]
    lines = [
        *target,
        f"q1_loss = F.mse_loss({critic}(x), target)",
        f"q2_loss = F.mse_loss({second}(x), target)",
    ]
    return [*lines, *_update(draft, opts[1], "q1_loss"), *_update(draft, opt, "q2_loss")]


def _sac(draft: Draft, actor: str, critic: str, opts: list[str]) -> list[str]:
    alpha = draft.persist("log_alpha", "torch.zeros(1, requires_grad=True)")
    opt = draft.persist("opt_alpha", f"torch.optim.SGD([{alpha}], lr=0.1)")
    cut = draft.weigh({".detach()": 3, "": 2})
    scale = draft.weigh({f"{alpha}.exp().detach()": 4, f"{alpha}.exp()": 1.5})
    lines = [
        f"log_prob = F.log_softmax({actor}(x), dim=-1)[:, 0]",
        f"actor_loss = ({scale} * log_prob - {critic}(x).mean(dim=1)).mean()",
        *_update(draft, opts[0], "actor_loss"),
    ]
    alpha_loss = f"alpha_loss = -({alpha}.exp() * (log_prob{cut} + 1.0)).mean()"
    return [*lines, alpha_loss, *_update(draft, opt, "alpha_loss")]
