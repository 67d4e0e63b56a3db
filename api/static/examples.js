// Questions to start with: some for the products of the sample, common ones for all others.
const COMMON = ["Is it worth the price?", "How long does it last?", "Is it easy to use?"];

const SAMPLE = {
  "camera-strap": ["Does the strap hold a heavy camera?", "Is it comfortable around the neck?"],
};

export const examplesFor = (id) => (Object.hasOwn(SAMPLE, id) ? SAMPLE[id] : COMMON);
