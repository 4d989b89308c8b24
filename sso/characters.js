// The pilots that can log in here. All of them are invented; one has a name outside ASCII and one an
// apostrophe, because real names have both.
import { createHash } from "node:crypto";

const CAST = [
  {
    id: 2119000101,
    name: "Ilmari Vesk",
    title: "Hauler, Perimeter",
    sheet: {
      corporation_id: 98700011,
      birthday: "2019-04-12T18:21:07Z",
      gender: "male",
      race_id: 1,
      bloodline_id: 1,
      security_status: 1.7,
      description: "",
    },
    location: { solar_system_id: 30000142, station_id: 60003760 },
    skills: [
      { skill_id: 3327, trained_skill_level: 5, active_skill_level: 5, skillpoints_in_skill: 256000 },
      { skill_id: 3340, trained_skill_level: 4, active_skill_level: 4, skillpoints_in_skill: 181020 },
    ],
  },
  {
    id: 2119000102,
    name: "Saphra Tolon",
    title: "Scanner, Thera",
    sheet: {
      corporation_id: 98700011,
      birthday: "2021-11-03T07:02:55Z",
      gender: "female",
      race_id: 8,
      bloodline_id: 7,
      security_status: -0.4,
      description: "",
    },
    location: { solar_system_id: 31000005, station_id: 60015148 },
    skills: [
      { skill_id: 3412, trained_skill_level: 5, active_skill_level: 5, skillpoints_in_skill: 768000 },
      { skill_id: 25739, trained_skill_level: 3, active_skill_level: 3, skillpoints_in_skill: 40000 },
    ],
  },
  {
    id: 91000203,
    name: "Þórhildur Snæfell",
    title: "Miner, Hek",
    sheet: {
      corporation_id: 98700024,
      birthday: "2011-08-30T22:40:19Z",
      gender: "female",
      race_id: 2,
      bloodline_id: 4,
      security_status: 5.0,
      description: "",
    },
    location: { solar_system_id: 30002053 },
    skills: [{ skill_id: 3386, trained_skill_level: 5, active_skill_level: 5, skillpoints_in_skill: 256000 }],
  },
  {
    id: 95000304,
    name: "Korr'an Dast",
    title: "Trader, Amarr",
    sheet: {
      corporation_id: 98700037,
      birthday: "2014-02-14T11:11:11Z",
      gender: "male",
      race_id: 4,
      bloodline_id: 5,
      security_status: 0.2,
      description: "",
    },
    location: { solar_system_id: 30002187, station_id: 60008494 },
    skills: [{ skill_id: 3443, trained_skill_level: 4, active_skill_level: 4, skillpoints_in_skill: 45255 }],
  },
];

/**
 * `sheet`, `location` and `skills` are what ESI's routes tell. `owner` is what the claim of that name
 * carries: a hash that names the account without telling which it is.
 *
 * @typedef {typeof CAST[number] & { owner: string }} Character
 */

/** @type {Character[]} */
export const CHARACTERS = CAST.map((character) => ({
  ...character,
  owner: createHash("sha1").update(`account of ${character.id}`).digest("base64"),
}));

/** @param {number | string} id */
export function findCharacter(id) {
  return CHARACTERS.find((character) => String(character.id) === String(id));
}
