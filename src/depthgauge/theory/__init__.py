"""What theory predicts: products, bounds, variances and mean field; numpy and scipy alone."""

from depthgauge.theory.activations import ACTIVATIONS, Activation, find_activation
from depthgauge.theory.backpropagation import (
    Net,
    cost,
    deltas,
    forward,
    layer_jacobians,
    output_gain,
    weight_gradients,
)
from depthgauge.theory.bounds import (
    bias_gradient_bound,
    bound_tolerance,
    factor_per_layer,
    rank_one_gap,
    rank_one_tolerance,
    spectral_norms,
    tightness,
)
from depthgauge.theory.chain import (
    chain_bias_gradients,
    chain_factors,
    chain_pre_activations,
    exploding_chain,
    first_to_third,
)
from depthgauge.theory.identity_neuron import (
    identity_error,
    identity_neuron,
    insert_identity_layer,
    literal_identity,
)
from depthgauge.theory.mean_field import (
    fixed_length,
    gradient_map,
    gradient_profile,
    length_map,
    length_profile,
    shrink_per_layer,
)
from depthgauge.theory.steepness import steep_interval, steep_width, widest_steepness
from depthgauge.theory.variance import (
    activation_variances,
    delta_variances,
    initial_variances,
    mean_singular_value,
    normalized_variance,
    product_variance,
    standard_variance,
    weight_gradient_variances,
)

__all__ = [
    "ACTIVATIONS",
    "Activation",
    "Net",
    "activation_variances",
    "bias_gradient_bound",
    "bound_tolerance",
    "chain_bias_gradients",
    "chain_factors",
    "chain_pre_activations",
    "cost",
    "delta_variances",
    "deltas",
    "exploding_chain",
    "factor_per_layer",
    "find_activation",
    "first_to_third",
    "fixed_length",
    "forward",
    "gradient_map",
    "gradient_profile",
    "identity_error",
    "identity_neuron",
    "initial_variances",
    "insert_identity_layer",
    "layer_jacobians",
    "length_map",
    "length_profile",
    "literal_identity",
    "mean_singular_value",
    "normalized_variance",
    "output_gain",
    "product_variance",
    "rank_one_gap",
    "rank_one_tolerance",
    "shrink_per_layer",
    "spectral_norms",
    "standard_variance",
    "steep_interval",
    "steep_width",
    "tightness",
    "weight_gradient_variances",
    "weight_gradients",
    "widest_steepness",
]
