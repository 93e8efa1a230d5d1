//! Which instance the next call goes to, and which ones get none.

mod breaker;
mod member;

pub(crate) use breaker::Breaker;
pub use breaker::{EJECT_AFTER, FIRST_EJECTION, LAST_EJECTION};
pub(crate) use member::{Assignment, Healthy, Member};

use wirelab_model::BalancingPolicy;

/// An instance that a call could go to.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Candidate {
    /// Its place in the list of all.
    pub index: usize,
    /// Its share of the calls.
    pub weight: u32,
    /// Calls under way there.
    pub active: u64,
}

/// Picks by a policy; remembers what it must from pick to pick.
pub(crate) struct Picker {
    policy: BalancingPolicy,
    random: fastrand::Rng,
    /// The index picked last; the one that connected for `pick_first`.
    last: Option<usize>,
    /// How much each index is owed, for `weighted`.
    owed: Vec<i64>,
}

impl Picker {
    /// Begins afresh; `random` decides for `least_request`.
    pub fn new(policy: BalancingPolicy, random: fastrand::Rng) -> Picker {
        Picker { policy, random, last: None, owed: Vec::new() }
    }

    /// Picks one of `candidates`, which are in the order of their indices; none when there are none.
    pub fn pick(&mut self, candidates: &[Candidate]) -> Option<usize> {
        let picked = match self.policy {
            BalancingPolicy::PickFirst => {
                let stay = candidates.iter().find(|candidate| Some(candidate.index) == self.last);
                return stay.or(candidates.first()).map(|candidate| candidate.index);
            }
            BalancingPolicy::RoundRobin => {
                let next =
                    candidates.iter().find(|one| self.last.is_none_or(|last| one.index > last));
                next.or(candidates.first())?.index
            }
            BalancingPolicy::LeastRequest => self.less_busy(candidates)?.index,
            BalancingPolicy::Weighted => self.most_owed(candidates)?,
        };
        self.last = Some(picked);
        Some(picked)
    }

    /// An instance was connected to, or could not be.
    pub fn connected(&mut self, index: usize, success: bool) {
        if self.policy == BalancingPolicy::PickFirst {
            if success {
                self.last = Some(index);
            } else if self.last == Some(index) {
                self.last = None;
            }
        }
    }

    /// The list changed; `moved` says where the one at an old index is now.
    pub fn relist(&mut self, moved: impl Fn(usize) -> Option<usize>) {
        self.last = self.last.and_then(moved);
        self.owed.clear();
    }

    /// The power of two choices
    /// (<https://www.envoyproxy.io/docs/envoy/latest/intro/arch_overview/upstream/load_balancing/load_balancers#weighted-least-request>).
    fn less_busy(&mut self, candidates: &[Candidate]) -> Option<Candidate> {
        if candidates.len() < 2 {
            return candidates.first().copied();
        }
        let first = self.random.usize(..candidates.len());
        // Another one than the first.
        let second = (first + self.random.usize(1..candidates.len())) % candidates.len();
        let (first, second) = (candidates.get(first)?, candidates.get(second)?);
        Some(if second.active < first.active { *second } else { *first })
    }

    /// Smooth weighted round robin
    /// (<https://github.com/nginx/nginx/commit/52327e0627f49dbda1e8db695e63a4b0af4448b1>): everyone is owed its
    /// weight more, who is owed most is picked and pays what all together were owed.
    fn most_owed(&mut self, candidates: &[Candidate]) -> Option<usize> {
        let none = candidates.iter().all(|candidate| candidate.weight == 0);
        let weight = |candidate: &Candidate| if none { 1 } else { i64::from(candidate.weight) };
        let mut total = 0;
        let mut best: Option<(i64, usize)> = None;
        for candidate in candidates.iter().filter(|candidate| weight(candidate) > 0) {
            if self.owed.len() <= candidate.index {
                self.owed.resize(candidate.index + 1, 0);
            }
            let owed = self.owed.get_mut(candidate.index)?;
            *owed += weight(candidate);
            total += weight(candidate);
            if best.is_none_or(|(most, _)| *owed > most) {
                best = Some((*owed, candidate.index));
            }
        }
        let (_, index) = best?;
        *self.owed.get_mut(index)? -= total;
        Some(index)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn candidates(list: &[(usize, u32, u64)]) -> Vec<Candidate> {
        list.iter().map(|&(index, weight, active)| Candidate { index, weight, active }).collect()
    }

    fn picks(policy: BalancingPolicy, list: &[(usize, u32, u64)], count: usize) -> Vec<usize> {
        let mut picker = Picker::new(policy, fastrand::Rng::with_seed(7));
        (0..count).map(|_| picker.pick(&candidates(list)).unwrap()).collect()
    }

    #[test]
    fn orders() {
        use BalancingPolicy::*;
        let three = [(0, 1, 0), (1, 1, 0), (2, 1, 0)];
        assert_eq!(picks(PickFirst, &three, 3), [0, 0, 0]);
        assert_eq!(picks(RoundRobin, &three, 7), [0, 1, 2, 0, 1, 2, 0]);
        assert_eq!(picks(RoundRobin, &[(1, 1, 0), (4, 1, 0)], 3), [1, 4, 1]);
        // The same as nginx: a heavy one is not called in a row where that can be helped.
        assert_eq!(picks(Weighted, &[(0, 5, 0), (1, 1, 0), (2, 1, 0)], 7), [0, 0, 1, 0, 2, 0, 0]);
        assert_eq!(picks(Weighted, &[(0, 0, 0), (1, 3, 0)], 3), [1, 1, 1]);
        assert_eq!(picks(Weighted, &[(0, 0, 0), (1, 0, 0)], 4), [0, 1, 0, 1]);
        assert_eq!(picks(LeastRequest, &[(3, 1, 9)], 2), [3, 3]);
        for policy in [PickFirst, RoundRobin, LeastRequest, Weighted] {
            assert_eq!(Picker::new(policy, fastrand::Rng::with_seed(7)).pick(&[]), None);
        }
    }

    #[test]
    fn the_busiest_of_three_gets_nothing() {
        // Two different ones are drawn, so that the busiest always meets a less busy one.
        let picked = picks(BalancingPolicy::LeastRequest, &[(0, 1, 0), (1, 1, 9), (2, 1, 1)], 300);
        let count = |index| picked.iter().filter(|&&picked| picked == index).count();
        assert_eq!((count(0) + count(2), count(1)), (300, 0));
        // 0 wins against both, 2 only against 1: two thirds and one third.
        assert!((170..=230).contains(&count(0)), "{}", count(0));
    }

    #[test]
    fn round_robin_goes_on_when_one_is_left_out() {
        let mut picker = Picker::new(BalancingPolicy::RoundRobin, fastrand::Rng::with_seed(7));
        let all = candidates(&[(0, 1, 0), (1, 1, 0), (2, 1, 0)]);
        let without = candidates(&[(0, 1, 0), (2, 1, 0)]);
        let turns = [&all, &without, &without, &all, &all];
        let picked: Vec<usize> = turns.iter().map(|turn| picker.pick(turn).unwrap()).collect();
        assert_eq!(picked, [0, 2, 0, 1, 2]);
    }

    #[test]
    fn pick_first_stays_where_it_connected() {
        let mut picker = Picker::new(BalancingPolicy::PickFirst, fastrand::Rng::with_seed(7));
        let all = candidates(&[(0, 1, 0), (1, 1, 0), (2, 1, 0)]);
        picker.connected(0, false);
        picker.connected(1, true);
        assert_eq!(picker.pick(&all), Some(1));
        // The list is turned round.
        picker.relist(|old| Some(2 - old));
        assert_eq!(picker.pick(&all), Some(1));
        picker.relist(|old| (old != 1).then_some(old));
        assert_eq!(picker.pick(&all), Some(0));
        picker.connected(2, true);
        picker.connected(2, false);
        assert_eq!(picker.pick(&all), Some(0));
    }

    proptest::proptest! {
        #[test]
        fn weights_are_shares(weights in proptest::collection::vec(0_u32..20, 1..8)) {
            let list: Vec<(usize, u32, u64)> =
                weights.iter().enumerate().map(|(index, weight)| (index, *weight, 0)).collect();
            let total: u32 = weights.iter().sum();
            if total > 0 {
                let picked = picks(BalancingPolicy::Weighted, &list, total as usize);
                for (index, weight) in weights.iter().enumerate() {
                    let count = picked.iter().filter(|&&picked| picked == index).count();
                    proptest::prop_assert_eq!(count, *weight as usize);
                }
            }
        }
    }
}
