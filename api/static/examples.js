// Questions to start with: for the products of the bundled sample, and common ones for others.
// The last one of each product is answered by none of its reviews.
const COMMON = ["Is it worth the price?", "How long does it last?", "Is it easy to use?"];

const SAMPLE = {
  "camera-strap": ["Does the strap hold a heavy camera?", "Can the anchors come open by accident?", "Can I get the anchors with a longer cord?"],
  "espresso-machine": ["Is it loud?", "How long does it take to heat up?", "Where is it made?"],
  "seaside-hotel": ["Is it quiet at night?", "How is the breakfast?", "Is there a swimming pool?"],
  "wireless-earbuds": ["How long does the battery last?", "Does the Bluetooth connection drop out?", "Which Bluetooth version do they have?"],
  "hiking-boots": ["Are they really waterproof?", "Do they need breaking in?", "Do they have safety toe caps?"],
  "detective-novel": ["Is the killer easy to guess?", "Do I need to read the earlier books first?", "Is the island a real place I could visit?"],
  "cordless-vacuum": ["Is it too heavy for an older person?", "Does hair get tangled in the brush roller?", "Is the filter a real HEPA filter?"],
  "olive-oil": ["Is it peppery?", "Can I use it for frying?", "Is it certified organic?"],
  "noodle-bar": ["Is the broth very salty?", "How long do you have to queue in the evening?", "Is the meat halal?"],
  "office-chair": ["How good is the lumbar support?", "Does it squeak after a while?", "Is the mesh seat replaceable if it tears?"],
  "e-reader": ["How long does the battery last?", "Can I read it outside in bright sun?", "Does it read books aloud?"],
  "dog-harness": ["Does it really stop a dog pulling?", "Is it machine washable?", "Do they make it in pink?"],
  "two-person-tent": ["Does it leak in heavy rain?", "How much does it actually weigh?", "Is the fabric fire retardant?"],
  "board-game": ["Is it good for two players?", "Is the rulebook clear?", "Is there a cooperative mode?"],
  "face-moisturiser": ["Does it smell of anything?", "Will it break me out?", "Does it fade old acne scars?"],
};

export const examplesFor = (id) => (Object.hasOwn(SAMPLE, id) ? SAMPLE[id] : COMMON);
